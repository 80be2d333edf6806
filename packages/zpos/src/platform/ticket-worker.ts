/// <reference types="node" />
/** The thread of the ticket search on Node.js; started by `spawnTicketWorker`. */
import { parentPort } from 'node:worker_threads'
import { createCryptonight } from '../cryptonight/index.ts'
import { serveTickets } from '../cryptonight/pool.ts'

const ready = createCryptonight()
parentPort?.on('message', async (job) => parentPort?.postMessage(serveTickets(await ready, job)))
