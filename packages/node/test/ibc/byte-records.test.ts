import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRecord, writeRecord } from '../../src/ibc/byte-records.ts'
import type { NativeStorage } from '../../src/native/native-storage.ts'

function createStorage(): NativeStorage & { slots: Map<string, Uint8Array> } {
  const slots = new Map<string, Uint8Array>()
  return {
    slots,
    get: (slot) => slots.get(slot) ?? new Uint8Array(),
    set: (slot, value) => {
      if (value.length > 32 || value[0] === 0) throw new Error('not as a slot holds it')
      if (value.length === 0) slots.delete(slot)
      else slots.set(slot, value)
    },
  }
}

const keys = fc.uint8Array({ minLength: 1, maxLength: 2 })
const values = fc.uint8Array({ minLength: 1, maxLength: 200 })

test('records behave like a map, whatever lengths follow each other, and leave no slots behind', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, fc.option(values, { nil: undefined }), fc.constantFrom(0, 1))), (steps) => {
      const storage = createStorage()
      const model = new Map<string, Uint8Array>()
      for (const [key, value, position] of steps) {
        const name = `${position}/${key}`
        writeRecord(storage, position, key, value)
        if (value) model.set(name, value)
        else model.delete(name)
        expect(readRecord(storage, position, key)).toEqual(model.get(name))
      }
      for (const [key, , position] of steps)
        expect(readRecord(storage, position, key)).toEqual(model.get(`${position}/${key}`))
      for (const [key, , position] of steps) writeRecord(storage, position, key, undefined)
      expect(storage.slots.size).toBe(0)
    }),
  )
})
