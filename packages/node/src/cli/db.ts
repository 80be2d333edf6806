import { settingsCommand } from './command.ts'

export const dbCommand = settingsCommand({
  name: 'db',
  description: 'Look after the database of a node that does not run',
  actions: {
    check: 'reads all of it and says what does not hold',
    repair: 'mends what can be made again from the rest',
    stat: 'how much of what is in it',
    compact: 'gives the room of what was deleted back to the disk',
  },
  settings: {
    'data-dir': { kind: 'text', required: true, hint: 'DIR', description: 'Data directory of the node' },
    json: { kind: 'switch', description: 'Print one JSON object' },
  },
  run: (values, action) => import('./run-db.ts').then(({ runDb }) => runDb(values, action)),
})
