import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Account, bytesToHex, createAddressFromString, createZeroAddress, hexToBytes } from '@ethereumjs/util'
import { Interface, type InterfaceAbi } from 'ethers'
import { CREATE2_FACTORY, type SplitContract } from '../src/index.ts'

/** Runtime code of the standard factory (github.com/Arachnid/deterministic-deployment-proxy). */
const FACTORY_CODE =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

const SENDER = createAddressFromString(`0x${'51'.repeat(20)}`)

/** An EVM in memory with one account. `unlimited` lifts the size limit of contracts, for monoliths. */
export async function createMachine(options: { unlimited?: boolean } = {}) {
  const hashes = new Map<number, string>()
  const evm = await createEVM({
    blockchain: {
      async getBlock(number) {
        const hash = hashes.get(Number(number))
        return { hash: () => (hash === undefined ? new Uint8Array(32) : hexToBytes(hash as `0x${string}`)) }
      },
      async putBlock() {},
      shallowCopy() {
        return this
      },
    },
    common: createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Osaka }),
    allowUnlimitedContractSize: options.unlimited ?? false,
    allowUnlimitedInitCodeSize: options.unlimited ?? false,
  })
  await evm.stateManager.putAccount(SENDER, new Account(0n, 10n ** 24n))
  const header = {
    number: 1n,
    coinbase: createZeroAddress(),
    timestamp: 1n,
    difficulty: 0n,
    prevRandao: new Uint8Array(32),
    gasLimit: 100_000_000n,
    baseFeePerGas: 0n,
    getBlobGasPrice: () => undefined,
  }

  async function call(to: string | undefined, data: string, value = 0n, from?: string) {
    // Each call is a transaction of its own: everything is cold.
    evm.journal.cleanJournal()
    const result = await evm.runCall({
      caller: from ? createAddressFromString(from) : SENDER,
      // What the EVM reads of a block is its header.
      block: { header } as never,
      data: hexToBytes(data as `0x${string}`),
      gasLimit: 100_000_000n,
      value,
      ...(to ? { to: createAddressFromString(to) } : {}),
    })
    const { returnValue, exceptionError, logs, executionGasUsed } = result.execResult
    return {
      created: result.createdAddress?.toString(),
      failed: exceptionError?.error as string | undefined,
      returned: bytesToHex(returnValue),
      logs: (logs ?? []).map(([, topics, bytes]) => [...topics.map((topic) => bytesToHex(topic)), bytesToHex(bytes)]),
      gas: executionGasUsed,
    }
  }

  await evm.stateManager.putCode(createAddressFromString(CREATE2_FACTORY.toLowerCase()), hexToBytes(FACTORY_CODE))

  /** Has the CREATE2 factory deploy what is to stand at `address`. */
  async function place(address: string, creation: string) {
    const at = createAddressFromString(address.toLowerCase())
    if ((await evm.stateManager.getCode(at)).length > 0) return
    const made = await call(CREATE2_FACTORY.toLowerCase(), `0x${'00'.repeat(32)}${creation.slice(2)}`)
    if (made.returned !== address.toLowerCase()) throw new Error(`creation failed: ${made.failed} ${made.returned}`)
  }

  return {
    call,
    sender: SENDER.toString(),
    /** Puts runtime code at an address. */
    setCode: (address: string, runtime: string) =>
      evm.stateManager.putCode(createAddressFromString(address), hexToBytes(runtime as `0x${string}`)),
    codeAt: async (address: string) =>
      bytesToHex(await evm.stateManager.getCode(createAddressFromString(address.toLowerCase()))),
    /** Number of the block that calls run in. */
    setBlock(number: bigint | number) {
      header.number = BigInt(number)
    },
    /** Remembers the state; what comes back brings it back. */
    async checkpoint() {
      await evm.journal.checkpoint()
      return () => evm.journal.revert()
    },
    /** What BLOCKHASH says of a block, while it is among the last 256. */
    setBlockHash(number: number, hash: string) {
      hashes.set(number, hash)
    },
    async setBalance(address: string, wei: bigint) {
      const at = createAddressFromString(address)
      const account = (await evm.stateManager.getAccount(at)) ?? new Account()
      account.balance = wei
      await evm.stateManager.putAccount(at, account)
    },
    async balanceOf(address: string): Promise<bigint> {
      return (await evm.stateManager.getAccount(createAddressFromString(address)))?.balance ?? 0n
    },
    /** Timestamp of the block that calls run in, seconds. */
    setTime(seconds: bigint | number) {
      header.timestamp = BigInt(seconds)
    },
    /** The functions of a contract by name: they return what it returns, or throw its error's name and arguments. */
    at(address: string, abi: readonly unknown[]) {
      const contract = new Interface(abi as InterfaceAbi)
      return async (name: string, args: readonly unknown[] = [], from?: string, value = 0n) => {
        const done = await call(address, contract.encodeFunctionData(name, args), value, from)
        if (done.failed) {
          const error = contract.parseError(done.returned)
          throw new Error(
            error ? `${error.name}(${error.args.join(', ')})` : `${name}: ${done.failed} ${done.returned}`,
          )
        }
        const values = contract.decodeFunctionResult(name, done.returned)
        return { value: values.length > 0 ? values[0] : undefined, values, gas: done.gas }
      }
    },
    async deploy(creation: string, abi: readonly unknown[], args: readonly unknown[]): Promise<string> {
      const encoded = new Interface(abi as InterfaceAbi).encodeDeploy([...args])
      const made = await call(undefined, creation + encoded.slice(2))
      if (!made.created || made.failed) throw new Error(`deployment failed: ${made.failed} ${made.returned}`)
      return made.created
    },
    async deploySplit(split: SplitContract, args: readonly unknown[]): Promise<string> {
      for (const { address, creation } of [...split.libraries, ...split.facets]) await place(address, creation)
      return this.deploy(split.router, split.abi, args)
    },
  }
}
