export { DagError, type DagErrorCode, isDagError } from './errors.ts'
