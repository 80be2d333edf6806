/** SQIsign 3.0: key generation, signing and verification. For verification alone, `sqisign.verify.js` is smaller. */
import { P324_3, P500_27, P664_17 } from './params.ts'
import { createSigner, type Signer } from './signing/signer.ts'

export type { Backend } from './field/backend.ts'
export { setBackend } from './field/backend.ts'
export type { KeyPair, Signer, SignOptions } from './signing/signer.ts'
export type { PreparedVerifier, Verifier, VerifyItem, VerifyOptions } from './verify/verifier.ts'

/** SQIsign_p324_3, NIST level I: 83-byte public keys, 270-byte secret keys, 200-byte signatures. */
export const sqisign_p324_3: Signer = /* @__PURE__ */ createSigner(P324_3)
/** SQIsign_p500_27, NIST level III: 129, 417 and 306 bytes. */
export const sqisign_p500_27: Signer = /* @__PURE__ */ createSigner(P500_27)
/** SQIsign_p664_17, NIST level V: 169, 549 and 406 bytes. */
export const sqisign_p664_17: Signer = /* @__PURE__ */ createSigner(P664_17)

export { sqisign_p324_3 as sqisign1, sqisign_p500_27 as sqisign3, sqisign_p664_17 as sqisign5 }
