export { type AccountPath, accountPath, signerFromSeed } from './bip44.ts'
