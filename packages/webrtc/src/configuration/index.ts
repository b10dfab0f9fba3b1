export { checkConfigurationChange } from './configuration-change.ts'
export { parseIceServerUrl } from './ice-server-url.ts'
export type { IceServer, IceServerUrl, PeerConfiguration } from './peer-configuration.ts'
export {
  CONFIGURATION_LIMITS,
  validateConfiguration,
  type ValidateConfigurationOptions
} from './validate-configuration.ts'
