import { requirement } from '../../test/support/requirements.ts'
import { BrowserStack } from './browser-stacks.ts'
import type { Stack } from './peer-host.ts'
import { ProcessStack } from './process-stack.ts'

export interface OtherStack {
  readonly name: string
  readonly start: (context: Mocha.Context) => Promise<Stack>
  /** Whether its channels have the properties, and throw the errors, that the W3C gives them. */
  readonly tellsProperties: boolean
  /**
   * Whether it hands over what came on an ordered channel in order. @roamhq/wrtc now and then does not on a channel that
   * the other side opened, also where the other side is another of its own.
   */
  readonly keepsOrder: boolean
  /** Whether it can restart ICE. */
  readonly restartsIce: boolean
}

/** Whom `@hearsay/webrtc` has to get on with. */
export const OTHER_STACKS: readonly OtherStack[] = [
  {
    name: 'node-datachannel',
    start: async () => new ProcessStack('node-datachannel'),
    tellsProperties: false,
    keepsOrder: true,
    restartsIce: false
  },
  {
    name: '@roamhq/wrtc',
    start: async () => new ProcessStack('@roamhq/wrtc'),
    tellsProperties: false,
    keepsOrder: false,
    restartsIce: true
  },
  {
    name: 'Chromium',
    start: async (context) => BrowserStack.chromium(requirement(context, 'chromium')),
    tellsProperties: true,
    keepsOrder: true,
    restartsIce: true
  },
  {
    name: 'Firefox',
    start: async (context) => BrowserStack.firefox(requirement(context, 'firefox')),
    tellsProperties: true,
    keepsOrder: true,
    restartsIce: true
  }
]
