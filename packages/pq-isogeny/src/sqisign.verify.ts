/** SQIsign 3.0 verification only: no quaternion code, for light nodes. */
import { P324_3, P500_27, P664_17 } from './params.ts'
import { createVerifier, type Verifier } from './verify/verifier.ts'

export type { Backend } from './field/backend.ts'
export { setBackend } from './field/backend.ts'
export type { PreparedVerifier, Verifier, VerifyItem, VerifyOptions } from './verify/verifier.ts'

/** SQIsign_p324_3, NIST level I: 83-byte keys, 200-byte signatures. */
export const sqisign_p324_3: Verifier = /* @__PURE__ */ createVerifier(P324_3)
/** SQIsign_p500_27, NIST level III: 129-byte keys, 306-byte signatures. */
export const sqisign_p500_27: Verifier = /* @__PURE__ */ createVerifier(P500_27)
/** SQIsign_p664_17, NIST level V: 169-byte keys, 406-byte signatures. */
export const sqisign_p664_17: Verifier = /* @__PURE__ */ createVerifier(P664_17)

export { sqisign_p324_3 as sqisign1, sqisign_p500_27 as sqisign3, sqisign_p664_17 as sqisign5 }
