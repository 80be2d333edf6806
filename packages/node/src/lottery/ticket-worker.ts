/** The thread of the ticket search: behind consensus, which needs the cores more than the lottery of the next term does. */
import { parentPort } from 'node:worker_threads'
import { createCryptonight, serveTickets } from '@zos/zpos/cryptonight'
import { runInBackground } from '../threads/background.ts'

runInBackground()
const ready = createCryptonight()
parentPort?.on('message', async (job) => parentPort?.postMessage(serveTickets(await ready, job)))
