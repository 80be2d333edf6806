/** Attaching a zone with the relayer's own parts: a light client on each side that names the other, over which packets of IBC v2 go. */
import { throwIfAborted } from '../cancel.ts'
import { type ConnectableEndpoint, connectV2 } from '../relayer/connect.ts'
import type { RunningZone, ZoneHub } from './ports.ts'

/** What {@link createZoneHub} attaches zones by. */
export interface ZoneHubOptions {
  /** The hub, as a relayer reaches it. */
  readonly hub: ConnectableEndpoint
  /** The zone of an address, as a relayer reaches it. */
  readonly zone: (zone: RunningZone) => Promise<ConnectableEndpoint>
  /** The account that messages name as their sender. */
  readonly signer: string
  /**
   * The path is open: begin to relay over it, and set the hub's limits and caps for its route. The hub books by route from the first packet on, so nothing
   * else has to be entered. Called again if it fails.
   */
  readonly onAttached?: (zone: RunningZone, path: { hubClient: string; zoneClient: string }) => Promise<void>
  /** What the hub's books say of the route `transfer/hubClient`; see {@link ZoneHub}. */
  readonly empty?: (zone: RunningZone, hubClient: string) => Promise<boolean>
}

/** The {@link ZoneHub} of a hub that speaks IBC. An attachment is `{ hubClient, zoneClient }`, the client on each side. */
export function createZoneHub(options: ZoneHubOptions): ZoneHub {
  // What `onAttached` failed after is not opened a second time by the same process.
  const opened = new Map<string, { hubClient: string; zoneClient: string }>()
  const { empty } = options
  return {
    async attach(zone, { signal }) {
      let path = opened.get(zone.name)
      if (!path) {
        const endpoint = await options.zone(zone)
        throwIfAborted(signal, 'attaching', { zone: zone.name })
        const { clientA, clientB } = await connectV2(options.hub, endpoint, options.signer)
        path = { hubClient: clientA, zoneClient: clientB }
        opened.set(zone.name, path)
      }
      throwIfAborted(signal, 'attaching', { zone: zone.name })
      await options.onAttached?.(zone, path)
      return { ...path }
    },
    ...(empty
      ? { empty: ({ name, address, attachment }) => empty({ name, address }, attachment.hubClient ?? '') }
      : {}),
  }
}
