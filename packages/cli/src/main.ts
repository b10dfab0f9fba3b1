import { enableCompileCache } from 'node:module'

// Loading the code is most of what a short command takes.
enableCompileCache()
const { main } = await import('./run.ts')

await main(process.argv.slice(2))
