package parity

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// socketDeviations are those of a request, of which handlers see what it had.
func socketDeviations(of *exchange) []requestDeviation {
	had := of.header
	refuse := func(x *exchange) {
		x.header["Upgrade"], x.header["Connection"] = []string{"websocket"}, []string{"Upgrade"}
		x.header["Sec-Websocket-Protocol"] = []string{"v4.channel.k8s.io, " + carrier + "." + b64("nobody-knows")}
	}
	asBefore := func(s *seen) {
		for _, name := range []string{"Upgrade", "Connection"} {
			if s.header == nil || had[name] == nil {
				delete(s.header, name)
			} else {
				s.header[name] = had[name]
			}
		}
		if s.header != nil {
			setProtocols(s.header, "Sec-Websocket-Protocol", withoutCarriers(protocolsIn(had["Sec-Websocket-Protocol"])))
		}
	}
	carried := func(applies func(carriers, others []string, h http.Header) bool) func(*exchange) bool {
		return func(x *exchange) bool {
			carriers, others := carriersIn(x.header["Sec-Websocket-Protocol"])
			return len(carriers) > 0 && someSocket(x.header) && applies(carriers, others, x.header)
		}
	}
	return []requestDeviation{
		{
			name:    "bearer tokens among the subprotocols are removed",
			reason:  "it is a credential all the same",
			line:    "| the WebSocket subprotocol with a bearer token | removed from the request if it was accepted | removed from what the handler sees in any case: also if another credential was accepted, if nobody reads it, if it is no WebSocket's request, in whatever spelling of the header's name |",
			applies: func(*exchange) bool { return true },
			answer: func(s *seen) {
				for name := range s.header {
					if isProtocols(name) {
						setProtocols(s.header, name, withoutCarriers(protocolsIn(s.header[name])))
					}
				}
			},
		},
		{
			name:    "upgrades that readers differ in",
			reason:  "a WebSocket to some servers and none to others",
			line:    "| … a bearer token and several `Upgrade` values, or `upgrade` only inside another word of `Connection` | the first `Upgrade` header as a whole counts, and any \"upgrade\" in `Connection` | refused (`Malformed`) |",
			applies: carried(func(_, _ []string, h http.Header) bool { return !plainSocket(h) }),
			change:  refuse,
			answer:  asBefore,
		},
		{
			name:    "several headers",
			reason:  "many servers read the first only",
			line:    "| … several `Sec-WebSocket-Protocol` headers with a bearer token in one | joined | refused (`Malformed`) |",
			applies: carried(func(_, _ []string, h http.Header) bool { return len(h["Sec-Websocket-Protocol"]) > 1 }),
			change:  refuse,
			answer:  asBefore,
		},
		{
			name:    "other subprotocols that are none",
			reason:  "readers differ in what they make of it",
			line:    "| … beside a bearer token, an empty subprotocol or one that is no RFC 9110 token | taken, also for the other one that must be there | refused (`Malformed`) |",
			applies: carried(func(_, others []string, _ http.Header) bool { return slices.ContainsFunc(others, noName) }),
			change:  refuse,
			answer:  asBefore,
		},
		{
			name:   "names that are almost right, and empty tokens",
			reason: "a bad credential is never anonymous",
			line:   "| WebSocket subprotocols: an empty bearer token, its name in capitals or with something before it | no credential: anonymous | refused (`Malformed`) |",
			applies: carried(func(carriers, _ []string, _ http.Header) bool {
				return slices.ContainsFunc(carriers, func(s string) bool { return !strings.HasPrefix(s, carrier+".") || s == carrier+"." })
			}),
			change: refuse,
			answer: asBefore,
		},
		{
			name:   "stray bits",
			reason: "one token, one spelling",
			line:   "| … stray bits at the end of the base64url | forgiven | refused (`Malformed`) |",
			applies: carried(func(carriers, _ []string, _ http.Header) bool {
				_, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(carriers[0], carrier+"."))
				return err != nil
			}),
			change: refuse,
			answer: asBefore,
		},
		{
			name:   "long tokens, and those that are not visible ASCII",
			reason: "work is bounded, and a token can be written in one way only",
			line:   "| tokens over 16 KiB, or with blanks, control or non-ASCII characters | passed on | refused (`Malformed`) |",
			applies: carried(func(carriers, _ []string, _ http.Header) bool {
				token, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(carriers[0], carrier+"."))
				return len(token) > 16<<10 || strings.ContainsFunc(string(token), notVisible)
			}),
			change: refuse,
			answer: asBefore,
		},
	}
}

// isProtocols reports whether a header of that name may list subprotocols.
func isProtocols(name string) bool {
	return strings.EqualFold(separators.Replace(name), "Sec-WebSocket-Protocol")
}

// protocolsIn are those of some lists, less empty ones.
func protocolsIn(lists []string) (all []string) {
	for _, protocol := range strings.Split(strings.Join(lists, ","), ",") {
		if protocol = strings.Trim(protocol, " \t"); protocol != "" {
			all = append(all, protocol)
		}
	}
	return all
}

func setProtocols(h http.Header, name string, all []string) {
	if delete(h, name); len(all) > 0 {
		h[name] = []string{strings.Join(all, ", ")}
	}
}

// carriersIn are the subprotocols that are meant to carry a token, and the others, empty
// ones too.
func carriersIn(lists []string) (carriers, others []string) {
	for _, list := range lists {
		for _, protocol := range strings.Split(list, ",") {
			if protocol = strings.Trim(protocol, " \t"); carries(protocol) {
				carriers = append(carriers, protocol)
			} else {
				others = append(others, protocol)
			}
		}
	}
	return carriers, others
}

func withoutCarriers(all []string) []string { return slices.DeleteFunc(slices.Clone(all), carries) }

func carries(protocol string) bool { return strings.Contains(inLower(protocol), carrier) }

// inLower leaves what is not ASCII.
func inLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// someSocket reports whether some reader takes it for the request of a WebSocket.
func someSocket(h http.Header) bool {
	return listed(h["Upgrade"], "websocket") && strings.Contains(strings.ToLower(strings.Join(h["Connection"], ",")), "upgrade")
}

// plainSocket reports whether all do.
func plainSocket(h http.Header) bool {
	return len(h["Upgrade"]) == 1 && inLower(h["Upgrade"][0]) == "websocket" && listed(h["Connection"], "upgrade")
}

func listed(values []string, word string) bool {
	return slices.ContainsFunc(protocolsIn(values), func(s string) bool { return strings.EqualFold(s, word) })
}

func noName(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool { return notVisible(r) || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r) })
}
