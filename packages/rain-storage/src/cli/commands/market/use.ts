import { resolve } from 'node:path'
import { StorageError } from '../../../errors.ts'
import { addressWord, type Hex } from '../../../market/abi.ts'
import { createRpcProvider } from '../../../market/json-rpc.ts'
import { COIN, createStorageMarket } from '../../../market/market.ts'
import { storeCommand } from '../../command.ts'
import { homeFolder } from '../../home.ts'
import { accountNamed, addressInFile } from '../../market/account.ts'
import { accountFlags, chainIdOf, systemClock } from '../../market/connect.ts'
import { readMarketSettings, writeMarketSettings } from '../../market/files.ts'

export default storeCommand({
  meta: { name: 'use', description: 'Keep where the market is, and as whom to call; without flags, show it' },
  args: {
    rpc: { type: 'string', description: 'JSON-RPC of a node' },
    contract: { type: 'string', description: 'address of the market' },
    ...accountFlags,
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
    json: { type: 'boolean', description: 'as JSON', default: false },
  },
  async run({ args }) {
    const home = homeFolder(args.home)
    const kept = await readMarketSettings(home)
    const rpc = args.rpc ?? kept?.rpc
    const contract = (args.contract?.toLowerCase() ?? kept?.contract) as Hex | undefined
    if (rpc === undefined || contract === undefined)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', 'use needs --rpc URL and --contract 0x… the first time')
    let account = kept?.account
    if (args.account !== undefined) {
      const named = accountNamed(args.account)
      account = 'address' in named ? named.address : resolve(named.file)
    }
    const named = account === undefined ? undefined : accountNamed(account)
    const address = named && ('address' in named ? named.address : await addressInFile(named.file))
    const provider = createRpcProvider({ url: rpc, fetch })
    const chainId = String(await chainIdOf(provider))
    addressWord(contract)
    const market = createStorageMarket({ provider, address: contract, account: COIN, clock: systemClock })
    const offers = await market.offerCount().catch((cause: unknown) => {
      const message = `There is no storage market at ${contract} on chain ${chainId}`
      throw new StorageError('STORAGE_NOT_FOUND', message, { contract }, { cause })
    })
    if (args.rpc !== undefined || args.contract !== undefined || args.account !== undefined)
      await writeMarketSettings(home, { rpc, contract, chainId, ...(account === undefined ? {} : { account }) })
    if (args.json)
      console.log(JSON.stringify({ rpc, chainId, contract, account: address ?? null, offers: `${offers}` }))
    else {
      console.log(`market   ${contract}, ${offers} ${offers === 1n ? 'offer' : 'offers'}`)
      console.log(`node     ${rpc}, chain ${chainId}`)
      console.log(`account  ${address ?? 'none: --account FILE or --account 0x…'}`)
    }
  },
})
