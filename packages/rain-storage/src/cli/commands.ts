/// <reference types="node" />
import { defineCommand, runMain } from 'citty'
import { lazy } from './command.ts'

const main = defineCommand({
  meta: { name: 'zos-store', description: 'Private, erasure-coded, IPFS-compatible storage' },
  subCommands: {
    init: lazy(() => import('./commands/init.ts')),
    'add-node': lazy(() => import('./commands/add-node.ts')),
    'remove-node': lazy(() => import('./commands/remove-node.ts')),
    node: lazy(() => import('./commands/node.ts')),
    put: lazy(() => import('./commands/put.ts')),
    get: lazy(() => import('./commands/get.ts')),
    ls: lazy(() => import('./commands/ls.ts')),
    share: lazy(() => import('./commands/share.ts')),
    status: lazy(() => import('./commands/status.ts')),
    plan: lazy(() => import('./commands/plan.ts')),
    'mount-nbd': lazy(() => import('./commands/mount-nbd.ts')),
    gateway: lazy(() => import('./commands/gateway.ts')),
    'serve-s3': lazy(() => import('./commands/serve-s3.ts')),
    'serve-webdav': lazy(() => import('./commands/serve-webdav.ts')),
    market: lazy(() => import('./commands/market.ts')),
  },
})

await runMain(main)
