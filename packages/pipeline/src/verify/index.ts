export { createVerifier, type VerifierOptions } from './create-verifier.ts'
export type {
  BackendName,
  Bip340Item,
  CompressedKey,
  EcdsaItem,
  Ed25519Item,
  FullKey,
  RecoverItem,
  Scheme,
  SchemeItems,
  Verifier,
} from './port.ts'
