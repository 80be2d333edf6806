export { isZposError, ZposError, type ZposErrorCode } from './errors.ts'
