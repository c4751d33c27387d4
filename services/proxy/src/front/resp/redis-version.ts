/** The version of Redis whose commands and replies SION speaks; clients choose features by it. */
export const redisVersion = '7.0.15';
