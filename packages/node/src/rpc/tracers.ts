/** The tracers of `debug_trace*`, chosen and set as go-ethereum's clients do. */
import { bytesToHex } from '@ethereumjs/util'
import { type CallFrame, traceCalls } from '../trace/call-frame.ts'
import { tracePrestate, traceStateDiff } from '../trace/prestate.ts'
import type { Tracer } from '../trace/replay.ts'
import { StructLogger, type StructLogOptions } from '../trace/struct-log.ts'
import { quantity } from './format.ts'
import { revertMessage } from './revert.ts'
import { invalidParams } from './rpc-error.ts'

/** Without a tracer's name: opcode by opcode. */
export function tracerParam(value: unknown): Tracer {
  if (value !== undefined && value !== null && typeof value !== 'object')
    throw invalidParams('the options are an object')
  const options = (value ?? {}) as Record<string, unknown>
  const config = (options.tracerConfig ?? {}) as Record<string, unknown>
  switch (options.tracer ?? undefined) {
    case undefined:
      return structTracer(options)
    case 'callTracer':
      return async (run) => formatFrame(await traceCalls(run), config.onlyTopCall === true)
    case 'prestateTracer':
      return config.diffMode === true ? traceStateDiff : tracePrestate
    default:
      throw invalidParams(
        'the tracers of this node are callTracer, prestateTracer and, without a name, opcode by opcode',
      )
  }
}

function structTracer(options: Record<string, unknown>): Tracer {
  const { limit = 0 } = options
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0)
    throw invalidParams('limit is a number of steps')
  const chosen: StructLogOptions = {
    stack: options.disableStack !== true,
    storage: options.disableStorage !== true,
    memory: options.enableMemory === true,
    returnData: options.enableReturnData === true,
    limit,
  }
  return async (run) => {
    const logger = new StructLogger(run.state, chosen)
    const { gasUsed, succeeded, returned } = await run.execute(logger)
    return { gas: Number(gasUsed), failed: !succeeded, returnValue: bytesToHex(returned), structLogs: logger.logs }
  }
}

/** A frame as go-ethereum writes it. `onlyTop` leaves out the calls inside. */
function formatFrame(frame: CallFrame, onlyTop: boolean): Record<string, unknown> {
  const { type, from, to, value, gas, gasUsed, input, output, error, calls } = frame
  const reason = error === 'execution reverted' ? revertMessage(Buffer.from(output.slice(2), 'hex')) : ''
  return {
    from,
    gas: quantity(gas),
    gasUsed: quantity(gasUsed),
    ...(to ? { to } : {}),
    input,
    ...(output === '0x' ? {} : { output }),
    ...(error ? { error } : {}),
    ...(reason ? { revertReason: reason.replace(/^: /, '') } : {}),
    ...(calls.length > 0 && !onlyTop ? { calls: calls.map((call) => formatFrame(call, false)) } : {}),
    ...(type === 'STATICCALL' ? {} : { value: quantity(value) }),
    type,
  }
}
