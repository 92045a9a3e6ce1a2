package authconfig

// generations is how many times the keys of a configuration's issuers may change
// before its numbers meet those of the next one. (Options.Keys may give key sets that
// count in larger steps, the time say; each must only grow.)
const generations = 1 << 32

// Generation returns a number that is another one whenever the configuration or the
// keys of an issuer have changed, as [jwt.Authenticator.Generation] does for one
// issuer. It has the file looked at if it is time to, and never comes back to a
// number from before, though issuers come and go.
func (a *Authenticator) Generation() uint64 {
	s := a.state()
	return s.base + s.mux.Generation()
}
