package jwt

import "github.com/authnchain/authnchain/authn"

// Generation returns a number that is another one whenever the issuer's keys have
// changed, for a cache of answers: ask for it before a token is judged, and believe
// the answer for as long as the number is still the same. It only grows. It is zero
// before there are keys, and always for a [KeySet] that is not [authn.Generational]
// itself.
//
// A file of keys is looked at if it is time to. Nothing is fetched: that published
// keys have changed is found when a token is judged, or not at all. That they have
// become too old to be used changes nothing.
func (a *Authenticator) Generation() uint64 { return authn.GenerationOf(a.keys) }

// Generation returns a number that is another one whenever the keys of one of the
// issuers have changed, as [Authenticator.Generation] does for one.
func (m *Mux) Generation() uint64 {
	var sum uint64
	for _, a := range m.auths {
		sum += a.Generation()
	}
	return sum
}

// Generation is how often other keys have come into use.
func (r *remoteKeys) Generation() uint64 {
	if set := r.current.Load(); set != nil {
		return set.number
	}
	return 0
}
