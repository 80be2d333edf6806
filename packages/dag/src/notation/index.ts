export { formatNotation, type Notation, type NotedUnit, parseNotation } from './notation.ts'
export { type NotedLedger, notationOf, unitsOf } from './units.ts'
