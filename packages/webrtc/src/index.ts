export * from './candidates/index.ts'
export * from './configuration/index.ts'
export * from './sdp/index.ts'
