export { isPipelineError, PipelineError, type PipelineErrorCode } from './errors.ts'
