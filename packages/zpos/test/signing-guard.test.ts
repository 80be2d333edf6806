import { expect, test } from 'vitest'
import { createMemoryGuardStore, createSigningGuard, type GuardStore, isZposError, type UnitId } from '../src/index.ts'

const unit = (name: string) => name as UnitId

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return isZposError(error) ? error.code : String(error)
  }
}

test('a guard refuses a second unit of a round and any unit of an earlier round, also after a restart', async () => {
  const store = createMemoryGuardStore()
  const guard = await createSigningGuard(store)
  await guard.claim(1, unit('a'))
  await guard.claim(5, unit('b'))
  await guard.claim(5, unit('b'))
  for (const open of [guard, await createSigningGuard(store)]) {
    expect(await codeOf(open.claim(5, unit('c')))).toBe('ZPOS_WOULD_SIGN_TWICE')
    expect(await codeOf(open.claim(4, unit('c')))).toBe('ZPOS_WOULD_SIGN_TWICE')
    expect(await codeOf(open.claim(1, unit('a')))).toBe('ZPOS_WOULD_SIGN_TWICE')
    expect(open.last()).toEqual({ round: 5, unit: 'b' })
  }
  expect(await codeOf(guard.claim(1.5, unit('x')))).toBe('ZPOS_INVALID_ARGUMENT')
})

test('of two claims at once one wins', async () => {
  const guard = await createSigningGuard(createMemoryGuardStore())
  const codes = await Promise.all([codeOf(guard.claim(1, unit('a'))), codeOf(guard.claim(1, unit('b')))])
  expect(codes).toEqual([undefined, 'ZPOS_WOULD_SIGN_TWICE'])
})

test('a claim that could not be written does not count as made, and is not resolved', async () => {
  const store = createMemoryGuardStore()
  let full = true
  const failing: GuardStore = {
    ...store,
    append: async (record) => (full ? Promise.reject(new Error('disk full')) : store.append(record)),
  }
  const guard = await createSigningGuard(failing)
  expect(await codeOf(guard.claim(1, unit('a')))).toBe('Error: disk full')
  full = false
  await guard.claim(1, unit('a'))
  expect(guard.last()?.round).toBe(1)
})

test('cut at any byte, a journal still refuses everything that was signed', async () => {
  const store = createMemoryGuardStore()
  const guard = await createSigningGuard(store)
  const ends = [0]
  for (let round = 1; round <= 4; round += 1) {
    await guard.claim(round, unit(`u${round}`))
    ends.push((await store.read()).length)
  }
  const whole = await store.read()
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const after = createMemoryGuardStore(whole.subarray(0, cut))
    const reopened = await createSigningGuard(after)
    const durable = ends.filter((end) => end <= cut).length - 1
    expect(reopened.last()?.round ?? 0).toBe(durable)
    if (durable > 0) expect(await codeOf(reopened.claim(durable, unit('other')))).toBe('ZPOS_WOULD_SIGN_TWICE')
    await reopened.claim(9, unit('u9'))
    expect((await createSigningGuard(after)).last()?.round).toBe(9)
  }
})

test('a journal damaged in any byte of a whole record, or out of order, is not trusted', async () => {
  const store = createMemoryGuardStore()
  const guard = await createSigningGuard(store)
  await guard.claim(1, unit('a'))
  await guard.claim(2, unit('b'))
  const whole = await store.read()
  for (let at = 0; at < whole.length - 1; at += 1) {
    const damaged = whole.slice()
    damaged[at]! ^= 1
    expect(await codeOf(createSigningGuard(createMemoryGuardStore(damaged))), `byte ${at}`).toBe(
      'ZPOS_JOURNAL_DOUBTFUL',
    )
  }
  const half = whole.length / 2
  const swapped = Uint8Array.of(...whole.subarray(half), ...whole.subarray(0, half))
  expect(await codeOf(createSigningGuard(createMemoryGuardStore(swapped)))).toBe('ZPOS_JOURNAL_DOUBTFUL')
})

test('a unit that does not build on the last one claimed is refused: it would fork the chain', async () => {
  const guard = await createSigningGuard(createMemoryGuardStore())
  await guard.claim(1, unit('a'), unit('genesis'))
  await guard.claim(2, unit('b'), unit('a'))
  expect(await codeOf(guard.claim(4, unit('c'), unit('a')))).toBe('ZPOS_WOULD_SIGN_TWICE')
  await guard.claim(4, unit('d'), unit('b'))
})
