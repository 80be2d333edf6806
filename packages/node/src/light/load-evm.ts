import type { LightChain } from './chain.ts'
import { LightError } from './errors.ts'
import type { EvmSource, LightEvm, LightEvmModule } from './light-evm.ts'

/**
 * Loads the EVM at the first call of the returned function and keeps it; a load that failed is tried again at the next. The function's errors:
 * `LIGHT_UNVERIFIABLE` where there is no EVM or it does not load.
 */
export function evmLoader(source: EvmSource, chain: LightChain): (method: string) => Promise<LightEvm> {
  let loaded: Promise<LightEvm> | undefined
  return async (method) => {
    const refuse = (why: string) =>
      new LightError('LIGHT_UNVERIFIABLE', `the light node refuses ${method}: ${why}`, { method })
    if (source === false) throw refuse('it was made without an EVM; give the transaction a gas limit')
    loaded ??= load(source).then(({ createLightEvm }) => createLightEvm(chain))
    try {
      return await loaded
    } catch (error) {
      loaded = undefined
      throw refuse(`its EVM does not load: ${(error as Error).message}`)
    }
  }
}

function load(source: true | Exclude<EvmSource, boolean>): Promise<LightEvmModule> {
  if (typeof source === 'function') return source()
  // A file of its own beside this one, which bundlers that follow `new URL` copy as it is.
  const url = source === true ? new URL('./light-evm.js', import.meta.url).href : source
  return import(/* @vite-ignore */ /* webpackIgnore: true */ url)
}
