#!/usr/bin/env node
/// <reference types="node" />
// The parser of commands colours its help; colours are for terminals.
if (!process.stdout.isTTY) process.env.NO_COLOR = '1'
// `zos-store ls | head`: who reads has seen enough. The code is that of a process that SIGPIPE ends.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(141)
})
await import('./commands.ts')

export {}
