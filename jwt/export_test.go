package jwt

// ParseKeySet is parseKeySet.
var ParseKeySet = parseKeySet
