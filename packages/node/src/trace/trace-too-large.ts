/** A run whose trace is more than one answer may hold. */
export class TraceTooLarge extends Error {
  override readonly name = 'TraceTooLarge'
}
