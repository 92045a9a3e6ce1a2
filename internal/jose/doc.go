// Package jose is the strict reading of signed tokens and their keys (RFC 7515,
// 7517, 7518, 7638 and 8037): all that stands between bytes from outside and go-jose, or
// the standard library's signatures. It knows nothing of claims or of whom to
// trust.
//
// A token is three parts in compact form ([Split]) of base64url that can be written
// in one way only ([Decode]). Its [Header] names one of ten algorithms and has
// nothing in it that must be understood ("crit", "b64", "zip"). Keys in the header
// are not looked at. A key is one for verifying signatures, of a strength and a type
// that an algorithm has ([ParseKeySet], [ParsePEM], [CheckKey]), and its [Thumbprint]
// is its name for those who have none to give it.
package jose
