/**
 * The environments that the services are given: the settings that differ from their schemas' defaults, as text. The schemas
 * type them, so that a setting that a service does not know cannot be deployed.
 */
import { documentSettings, type SettingsSchema, settingsEnvironment } from '@sion/components';
import { nodeSettingsSchema } from '@sion/node';
import { proxySettingsSchema } from '@sion/proxy';
import { type Deployment, nodeEnvironmentSettings, type Places, proxySettings } from './settings.ts';

type Environment = Readonly<Record<string, string>>;

/** Of the proxy's container. */
export function proxyEnvironment(deployment: Deployment, places: Places): Environment {
  return withoutDefaults(proxySettingsSchema, proxySettings(deployment, places));
}

/** Of each function. */
export function nodeEnvironment(deployment: Deployment, bucketName: string): Environment {
  return withoutDefaults(nodeSettingsSchema, nodeEnvironmentSettings(deployment, bucketName));
}

function withoutDefaults(schema: SettingsSchema, settings: Readonly<Record<string, unknown>>): Environment {
  const defaults = new Map(documentSettings(schema).map((row) => [row.name, row.default]));
  const all = Object.entries(settingsEnvironment(schema, settings));
  return Object.fromEntries(all.filter(([name, value]) => defaults.get(name) !== value));
}
