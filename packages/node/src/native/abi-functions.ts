import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { AbiFunction } from '@zos/zpos'

const FUNCTION = /^function (\w+)\(([^)]*)\)(.*)$/
const RETURNS = /returns \(([^)]*)\)/

/** The functions of a human-readable ABI by selector (eight hexadecimal digits). */
export function abiFunctions(abi: readonly string[]): ReadonlyMap<string, AbiFunction> {
  return new Map(
    abi
      .filter((line) => line.startsWith('function'))
      .map((line) => {
        const [, name = '', inputs = '', rest = ''] = FUNCTION.exec(line) ?? []
        const types = typesOf(inputs)
        const selector = bytesToHex(keccak256(new TextEncoder().encode(`${name}(${types})`)).subarray(0, 4)).slice(2)
        return [
          selector,
          {
            name,
            selector,
            inputs: types,
            outputs: typesOf(RETURNS.exec(rest)?.[1] ?? ''),
            payable: rest.includes('payable'),
            view: rest.includes('view'),
          },
        ]
      }),
  )
}

function typesOf(list: string): string[] {
  return list === '' ? [] : list.split(',').map((part) => part.trim().split(' ')[0]!)
}
