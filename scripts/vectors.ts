/** Writes the test vectors of the specifications anew, from what our code does: `npm run vectors`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { broadcastVectors } from '../packages/hearsay/test/support/broadcast-vectors.ts'
import { inviteVectors } from '../packages/hearsay/test/support/invite-vectors.ts'
import { signalingVectors } from '../packages/signaling/test/support/vectors.ts'
import { ROOT } from './packages.ts'

const DIRECTORY = join(ROOT, 'docs/specs/vectors')

async function write(name: string, vectors: object): Promise<void> {
  const file = join(DIRECTORY, `${name}.json`)
  const options = (await resolveConfig(file)) ?? {}
  writeFileSync(file, await format(JSON.stringify(vectors), { ...options, filepath: file }))
}

mkdirSync(DIRECTORY, { recursive: true })
await write('signaling', await signalingVectors())
await write('invite', inviteVectors())
await write('broadcast', await broadcastVectors())
