export { isZlibError, ZlibError, type ZlibErrorCode } from './errors.ts'
