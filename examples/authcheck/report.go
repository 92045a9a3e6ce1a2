package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// report is what -o json prints; see the comment of the package.
type report struct {
	Issuer    string    `json:"issuer"`
	Index     int       `json:"index"`
	Accepted  bool      `json:"accepted"`
	Signature string    `json:"signature"`
	User      *userInfo `json:"user"`
	Steps     []step    `json:"steps"`
	Warnings  []string  `json:"warnings"`
}

type userInfo struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

type step struct {
	Path    string `json:"path"`
	Verdict string `json:"verdict"`
	Value   any    `json:"value"`
	Reason  string `json:"reason"`
	Error   string `json:"error"`
}

func newReport(r *authconfig.Report, warnings []string) *report {
	out := &report{
		Issuer:    r.Issuer,
		Index:     r.Index,
		Accepted:  r.Accepted,
		Signature: "not verified",
		Steps:     []step{},
		Warnings:  append([]string{}, warnings...),
	}
	if r.User != nil {
		out.User = newUserInfo(r.User)
	}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, newStep(s))
	}
	return out
}

// newUserInfo leaves nothing nil, so that JSON has lists where they are empty.
func newUserInfo(u user.Info) *userInfo {
	extra := map[string][]string{}
	for key, values := range u.GetExtra() {
		extra[key] = list(values)
	}
	return &userInfo{u.GetName(), u.GetUID(), list(u.GetGroups()), extra}
}

func list(values []string) []string { return append([]string{}, values...) }

func newStep(s authconfig.Step) step {
	switch {
	case s.Skipped != "":
		return step{Path: s.Path, Verdict: "skipped", Error: oneLine(s.Skipped)}
	case s.Err != nil:
		return step{s.Path, "refused", s.Value, string(authn.ReasonOf(s.Err)), oneLine(s.Err.Error())}
	}
	value := s.Value
	if texts, ok := value.([]string); ok {
		value = list(texts)
	}
	return step{Path: s.Path, Verdict: "ok", Value: value}
}

// refusals returns the paths of the steps that refuse the token, each once.
func (r *report) refusals() []string {
	var paths []string
	for _, s := range r.Steps {
		if s.Verdict == "refused" && !slices.Contains(paths, s.Path) {
			paths = append(paths, s.Path)
		}
	}
	return paths
}

// write prints the report all at once.
func (r *report) write(w io.Writer, s *settings) error {
	var b strings.Builder
	if s.json {
		encoded, err := encode(r, "  ")
		if err != nil {
			return fmt.Errorf("the report: %w", err)
		}
		b.WriteString(encoded)
	} else {
		text{&b, isTerminal(w)}.print(r, s)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	return nil
}
