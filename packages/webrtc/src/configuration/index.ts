export type { IceServer, IceServerUrl, PeerConfiguration } from './peer-configuration.ts'
