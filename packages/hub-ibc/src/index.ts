export { HubError, type HubErrorCode, isHubError } from './errors.ts'
