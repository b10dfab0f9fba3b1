#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Loading the code is most of what a short command takes.
enableCompileCache()
const { main } = await import('@hearsay/cli')

await main(process.argv.slice(2))
