import { serveEngine } from '@zos/pipeline/bank'
import { serveOnParentPort } from '@zos/pipeline/node'
import { type Program, run } from './engine-program.ts'

serveOnParentPort(serveEngine<Program, number, number>((program, state) => run(program, state.read, state.write)))
