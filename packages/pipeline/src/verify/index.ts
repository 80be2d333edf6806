export { createVerifier, type VerifierOptions } from './create-verifier.ts'
export type {
  BackendName,
  Bip340Item,
  EcdsaItem,
  Ed25519Item,
  RecoverItem,
  Scheme,
  SchemeItems,
  Verifier,
} from './port.ts'
