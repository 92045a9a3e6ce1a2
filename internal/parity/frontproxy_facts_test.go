package parity

import (
	"maps"
	"slices"
	"strings"
)

// fromProxy reports whether the certificate is one that both take for a proxy's.
func (x *exchange) fromProxy() bool {
	return len(x.certs) > 0 && (x.certificate.name == "a proxy's" || x.certificate.name == "another proxy's") && slices.Equal(x.certs, x.certificate.certs)
}

func (x *exchange) names() []string { return slices.Sorted(maps.Keys(x.header)) }

// options are those of Connection.
func (x *exchange) options() (all []string) {
	for _, option := range strings.Split(strings.Join(x.header["Connection"], ","), ",") {
		all = append(all, strings.TrimSpace(option))
	}
	return all
}

// first is what upstream takes for the value of one of the headers.
func (x *exchange) first(names []string) string {
	for _, name := range names {
		if value := x.header.Get(name); value != "" {
			return value
		}
	}
	return ""
}

func (x *exchange) twice(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return len(x.header.Values(name)) > 1 })
}

func (x *exchange) differ(names []string) bool {
	var found []string
	for _, name := range names {
		if value := x.header.Get(name); value != "" {
			found = append(found, value)
		}
	}
	return len(slices.Compact(found)) > 1
}

// values are all that make the user, the keys of extra attributes decoded.
func (x *exchange) values(h proxyHeaders) (all []string) {
	for _, name := range slices.Concat(h.users, h.uids, h.groups) {
		all = append(all, x.header.Values(name)...)
	}
	for name, values := range x.header {
		if key, ok := h.key(name); ok {
			all = append(append(all, values...), strings.NewReplacer("%00", "\x00", "%ff", "\xff").Replace(key))
		}
	}
	return all
}

// keys are those of extra attributes, not decoded.
func (x *exchange) keys(h proxyHeaders) (all []string) {
	for _, name := range x.names() {
		if key, ok := h.key(name); ok {
			all = append(all, key)
		}
	}
	return all
}

// key is in lower case.
func (h proxyHeaders) key(name string) (string, bool) {
	for _, prefix := range h.prefixes {
		if key, ok := strings.CutPrefix(name, prefix); ok {
			return strings.ToLower(key), true
		}
	}
	return "", false
}

// has reports whether a header by that name is looked at.
func (h proxyHeaders) has(name string) bool {
	_, extra := h.key(name)
	return extra || slices.ContainsFunc(slices.Concat(h.users, h.uids, h.groups), func(own string) bool { return strings.EqualFold(own, name) })
}

var separators = strings.NewReplacer("_", "-", ".", "-")

func (h proxyHeaders) looksLike(name string) bool {
	name = strings.ToLower(separators.Replace(name))
	return slices.ContainsFunc(slices.Concat(h.users, h.uids, h.groups), func(own string) bool { return strings.EqualFold(own, name) }) ||
		slices.ContainsFunc(h.prefixes, func(prefix string) bool { return strings.HasPrefix(name, strings.ToLower(prefix)) })
}

// misspelt are the headers that only ours removes: of the proxy, and the standard
// ones.
func (w *proxyWorld) misspelt(x *exchange) (names []string) {
	h := w.headers[x.chains]
	for _, name := range x.names() {
		if (h.looksLike(name) || allProxyHeaders[0].looksLike(name)) && !h.has(name) && !allProxyHeaders[0].has(name) {
			names = append(names, name)
		}
	}
	return names
}
