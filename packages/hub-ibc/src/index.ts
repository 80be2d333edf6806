export { HubError, type HubErrorCode, isHubError } from './errors.ts'
export * from './iavl/index.ts'
export * from './ics23/index.ts'
