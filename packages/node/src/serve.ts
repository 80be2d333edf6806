/** What a node serves beside its peers: metrics, the explorer's index, JSON-RPC, and the port for transactions in bulk. */
import type { UnitId } from '@zos/dag'
import { listenFrames } from '@zos/pipeline/node'
import { isNodeError } from './errors.ts'
import { Indexer } from './indexer/indexer.ts'
import type { Lifecycle } from './lifecycle.ts'
import { createNodeMetrics } from './metrics/node-metrics.ts'
import { serveMetrics } from './metrics/server.ts'
import type { Logger, NodeOptions } from './node-api.ts'
import type { Health } from './rpc/health.ts'
import { type ContextParts, createRpcContext } from './rpc/node-context.ts'
import { createRpcRouter } from './rpc/router.ts'
import { startRpcServer } from './rpc/server.ts'

/** The parts of a node that are served, without what is made here. */
export interface ServedParts extends Omit<ContextParts, 'index'> {
  readonly logger: Logger
  readonly health: () => Health
}

export interface Served {
  readonly rpcUrl: string | undefined
  readonly ingestPort: number | undefined
  readonly metricsPort: number | undefined
  /** Calls a method of JSON-RPC. */
  readonly call: (method: string, params: readonly unknown[]) => Promise<unknown>
}

/** Opens the ports that the options name. `lifecycle` closes them. Errors: `NODE_PORT_TAKEN`, `NODE_INDEX`. */
export async function serve(
  { ingest, metrics, index, rpc }: Pick<NodeOptions, 'ingest' | 'metrics' | 'index' | 'rpc'>,
  { logger, health, ...parts }: ServedParts,
  lifecycle: Lifecycle,
): Promise<Served> {
  const { chain, intake, ledger, status, now } = parts
  const frames = ingest ? await listenFrames({ tpu: intake.tpu, ...ingest }) : undefined
  if (frames) lifecycle.onClose(frames.close)
  lifecycle.onClose(() => intake.close())

  const counts = createNodeMetrics({ status, now })
  lifecycle.onClose(async () => counts.close())
  chain.onBlock(({ block, transactions, skipped }) =>
    counts.onBlock({
      transactions: transactions.length,
      skipped: skipped.length,
      gasUsed: block.header.gasUsed,
      unitTimesMs: block.units.flatMap(({ id }) => ledger.header(id as UnitId)?.timestampMs ?? []),
    }),
  )
  const metricsServer = metrics ? await serveMetrics(counts.registry, metrics) : undefined
  if (metricsServer) lifecycle.onClose(metricsServer.close)

  const indexer =
    index === undefined
      ? undefined
      : await Indexer.open(index, {
          chain,
          genesisHash: chain.block(0)!.hash,
          onError: (error) => logger.error('the index stopped', { error: String(error) }),
        })
  if (indexer) lifecycle.onClose(() => indexer.close())

  const context = createRpcContext({ ...parts, index: indexer })
  const onError = (error: unknown, method: string) => {
    logger.error('internal error', { method, error: String(error) })
    if (isNodeError(error, 'NODE_STORE_CORRUPT')) lifecycle.onFault(error)
  }
  const router = createRpcRouter(context, onError)
  const server = rpc
    ? await startRpcServer(context, router, { host: rpc.host ?? '127.0.0.1', port: rpc.port, health, onError })
    : undefined
  if (server) lifecycle.onClose(server.close)
  return {
    rpcUrl: server?.url,
    ingestPort: frames?.port,
    metricsPort: metricsServer?.port,
    call: (method, params) => router.call(method, [...params]),
  }
}
