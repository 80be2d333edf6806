/**
 * Errors of the package, and nothing else: take what you need from the sub-paths `sqisign.js`, `sqisign.verify.js`,
 * `hybrid.js`, `identity.js`, `pool.js` and `curves.js`, so that a light node carries only that.
 */
export { IsogenyError, type IsogenyErrorCode, isIsogenyError } from './errors.ts'
