// Package revocation says whether client certificates were taken back before their
// time, by CRLs (RFC 5280) and OCSP (RFC 6960).
//
// A [Checker] is what goes into the field Revocation of an authenticator of package
// x509. It asks its sources about each certificate of a chain, and the first that can
// tell is believed: [CRLFile] follows a file of lists, [CRLURL] fetches them, [CRLPoints]
// fetches those that the certificates name, and [OCSP] asks a responder. CRLs first and
// OCSP after them is a good order: a list at hand costs nothing.
//
// # What cannot be told
//
// If no source can tell, the certificate is [authn.Unavailable], which a middleware
// answers with 503, unless [Config].Unknown says otherwise. That a certificate was
// revoked stays known while a list is stale or a responder is down, by either policy.
//
// # Lists
//
// A CRL counts for a certificate if it
//
//   - is of the same issuer, by its name, and signed with the key of the issuer's
//     certificate in the chain, whose key usage allows it (cRLSign) or says nothing;
//   - is signed with something better than SHA-1;
//   - has a thisUpdate that is not in the future, but for a minute, and a nextUpdate that
//     is not past;
//   - is complete: delta CRLs, indirect CRLs and those for some reasons only are
//     refused, and so is any with a critical extension that is not known;
//   - covers it: onlyContainsUserCerts, onlyContainsCACerts and distribution points that
//     are URIs are understood.
//
// A certificate on hold is revoked. A list does not take the place of one with a higher
// number, nor one that cannot be verified that of one that was. Whether an older list is
// a roll-back is known once somebody's certificate was judged by the newer one, and not
// across restarts. Of the lists that were fetched and verified once, and are not there any
// more, the last 8 at a URL still count: they know who was revoked.
//
// A list in memory takes 50 to 60 bytes for each certificate on it, and while it is read
// up to 25 times its length, which [FileOptions].MaxBytes and [URLOptions].MaxBytes bound.
// A bundle may have 256 lists of one issuer.
//
// # Responders
//
// An answer of OCSP counts if it is about the serial number and the issuer that were
// asked about, is not of the future and not stale, and is signed (RSA or ECDSA, with
// something better than SHA-1) by the issuer, or by a responder whose valid certificate
// the issuer has signed for this (id-kp-OCSPSigning). Whether that one was revoked is not
// asked. "Unknown" is no answer: it is what responders say who have not heard of a
// certificate yet or do not know the issuer, and another source may. Nonces are not sent,
// since most responders sign their answers in advance (RFC 5019); an answer is as fresh
// as its thisUpdate, and one older than the last is not taken.
//
// Answers that clients staple (RFC 8446, section 4.4.2.1) are not looked at. A server
// sees them in [crypto/tls.ConnectionState], also on a resumed connection where they are
// old, and few clients send any; asking the responder once an hour costs little.
//
// # Fetching
//
// All is fetched when somebody asks, and again in the background when it has grown old
// and somebody asks; there is nothing to start or to close. One fetch at a time, at most
// one in 30 seconds once there is something (2 seconds before), 5 seconds for each (and
// for all the responders of a certificate together), no redirects; 8 lists and 64
// responders at a time. URLs that come out of certificates are asked only on hosts that
// are allowed. Who comes first waits; others only if what is at hand cannot tell.
package revocation
