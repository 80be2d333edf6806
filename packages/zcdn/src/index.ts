export { CdnError, type CdnErrorCode, isCdnError } from './errors.ts'
