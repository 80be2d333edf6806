export { IsogenyError, type IsogenyErrorCode, isIsogenyError } from './errors.ts'
