export { isNodeError, NodeError, type NodeErrorCode } from './errors.ts'
