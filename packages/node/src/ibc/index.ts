/** What programs that send over IBC or relay it need of a ZOS network. */
export { IBC_GATEWAY_ADDRESS } from './addresses.ts'
export { createEndpoint, type ZosEndpointOptions } from './endpoint.ts'
export { GATEWAY_ABI } from './gateway-human-abi.ts'
