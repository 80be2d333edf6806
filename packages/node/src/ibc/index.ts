/** What programs that send over IBC or relay it need of a ZOS network. */
export { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from './addresses.ts'
export { createEndpoint, type ZosEndpointOptions } from './endpoint.ts'
export { createGasLoad } from './gas-load.ts'
export { GATEWAY_ABI } from './gateway-human-abi.ts'
export { GOVERNANCE_ABI } from './governance.ts'
export { encodeRegistration, VOTE_KEY_ABI } from './vote-key-call.ts'
export { signVoteKey, type VoteKeyRegistration } from './vote-keys.ts'
