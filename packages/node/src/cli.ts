#!/usr/bin/env node
// The parser of commands colours its help; colours are for terminals.
if (!process.stdout.isTTY) process.env.NO_COLOR = '1'
await import('./cli/commands.ts')

export {}
