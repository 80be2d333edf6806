import { defineCommand } from 'citty'
import { lazy } from '../command.ts'

export default defineCommand({
  meta: { name: 'market', description: 'Storage for money: offers, deals and proofs on a ledger' },
  subCommands: {
    use: lazy(() => import('./market/use.ts')),
    offer: lazy(() => import('./market/offer.ts')),
    offers: lazy(() => import('./market/offers.ts')),
    'close-offer': lazy(() => import('./market/close-offer.ts')),
    provide: lazy(() => import('./market/provide.ts')),
    deal: lazy(() => import('./market/deal.ts')),
    keep: lazy(() => import('./market/keep.ts')),
    drop: lazy(() => import('./market/drop.ts')),
    deals: lazy(() => import('./market/deals.ts')),
    collect: lazy(() => import('./market/collect.ts')),
    reclaim: lazy(() => import('./market/reclaim.ts')),
  },
})
