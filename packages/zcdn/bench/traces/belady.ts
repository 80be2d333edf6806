import type { Trace } from './load.ts'

/** Hits of Belady's clairvoyant rule for `capacity` objects of equal size: the most that any policy can have. */
export function beladyHits(trace: Trace, capacity: number): number {
  const { keys, objects } = trace
  const never = 0x7fffffff
  const next = new Int32Array(keys.length)
  const last = new Int32Array(objects).fill(never)
  for (let i = keys.length - 1; i >= 0; i--) {
    next[i] = last[keys[i]!]!
    last[keys[i]!] = i
  }
  // A heap of (next use, key), latest first; stale entries are skipped when they come up.
  const due: number[] = []
  const who: number[] = []
  const push = (time: number, key: number) => {
    let at = due.push(time) - 1
    who.push(key)
    for (let parent = (at - 1) >> 1; at > 0 && due[parent]! < time; parent = (at - 1) >> 1) {
      due[at] = due[parent]!
      who[at] = who[parent]!
      at = parent
    }
    due[at] = time
    who[at] = key
  }
  const pop = (): [number, number] => {
    const top: [number, number] = [due[0]!, who[0]!]
    const time = due.pop()!
    const key = who.pop()!
    if (due.length === 0) return top
    let at = 0
    for (let child = 1; child < due.length; child = 2 * at + 1) {
      if (child + 1 < due.length && due[child + 1]! > due[child]!) child++
      if (due[child]! <= time) break
      due[at] = due[child]!
      who[at] = who[child]!
      at = child
    }
    due[at] = time
    who[at] = key
    return top
  }
  const nextOf = new Int32Array(objects).fill(-1)
  let count = 0
  let hits = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (nextOf[key]! >= 0) hits++
    else if (count >= capacity) {
      for (let [time, victim] = pop(); ; [time, victim] = pop()) {
        if (nextOf[victim] !== time) continue
        nextOf[victim] = -1
        break
      }
    } else count++
    nextOf[key] = next[i]!
    push(next[i]!, key)
  }
  return hits
}
