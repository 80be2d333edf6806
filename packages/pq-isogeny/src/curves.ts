/**
 * The curve toolbox of the whitepaper's section 8: supersingularity, orders, pairings, MOV and Frey–Rück,
 * distortion maps, Vélu, isogeny graphs. Generic BigInt code over F_{p^k}: for analysis, not for secrets.
 */
export {
  addPoints,
  type Curve,
  createCurve,
  curveFromJ,
  curveOrder,
  isOnCurve,
  jInvariant,
  multiply,
  negate,
  ORDER_BITS_LIMIT,
  type Point,
  randomPoint,
  samePoint,
} from './toolbox/curve.ts'
export { createField, DEGREE_LIMIT, type Element, type Field, roots } from './toolbox/field.ts'
export {
  cglHash,
  GRAPH_LIMIT,
  isogenyGraph,
  isogenyNeighbours,
  KERNEL_LIMIT,
  supersingularCount,
  type VeluIsogeny,
  velu,
} from './toolbox/isogeny.ts'
export {
  type Distortion,
  distortionMap,
  embeddingDegree,
  freyRueckReduction,
  LOGARITHM_LIMIT,
  type MovEstimate,
  movReduction,
  movSecurity,
  solveLogarithm,
  tatePairing,
  weilPairing,
} from './toolbox/pairing.ts'
export {
  divisionPolynomial,
  isSupersingularByDivisionPolynomial,
  isSupersingularByGraph,
  isSupersingularByTrace,
  modularPolynomial2,
} from './toolbox/supersingular.ts'
