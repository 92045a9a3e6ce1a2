package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	config     string
	input      input
	now        time.Time // zero: the time of the machine
	anyType    bool
	disallowed []string
	hosts      []string // besides the issuers'
	json       bool

	inputs int   // how many there were
	err    error // the first flag whose value is of no use
}

// input is what to look at.
type input struct {
	flag   string
	value  string // it, or the path of the file that it is in, or "-" for standard input
	file   bool
	claims bool // not a token
}

func parseFlags(args []string, help io.Writer) (*settings, error) {
	s := &settings{}
	f := s.flags()
	err := checkArguments(f, args)
	if errors.Is(err, flag.ErrHelp) {
		f.SetOutput(help)
		fmt.Fprintln(help, "Usage of authcheck (exactly one of -token, -token-file, -claims and -claims-file; - is standard input):")
		f.PrintDefaults()
	}
	if err != nil {
		return nil, err
	}
	f.SetOutput(io.Discard)
	if f.Parse(args) != nil {
		return nil, errors.New("the flags cannot be read") // checkArguments has passed them, so that cannot be
	}
	switch {
	case s.err != nil:
		return nil, s.err
	case s.config == "":
		return nil, errors.New("-config: required")
	case s.inputs != 1:
		return nil, errors.New("exactly one of -token, -token-file, -claims and -claims-file is required")
	}
	return s, nil
}

// checkArguments finds what is no flag. Package flag would repeat it, and it may
// be a token.
func checkArguments(f *flag.FlagSet, args []string) error {
	for i := 0; i < len(args); i++ {
		dashed := strings.TrimPrefix(args[i], "-")
		name, _, hasValue := strings.Cut(strings.TrimPrefix(dashed, "-"), "=")
		known := f.Lookup(name)
		switch {
		case dashed == args[i]:
			return fmt.Errorf("argument %d: not a flag (it is not shown, since it may be a token)", i+1)
		case name == "h" || name == "help":
			return flag.ErrHelp
		case known == nil:
			return fmt.Errorf("argument %d: no such flag (it is not shown, since it may be a token); -h lists them", i+1)
		case hasValue || isBool(known):
		case i+1 == len(args):
			return fmt.Errorf("-%s: needs a value", name)
		default:
			i++ // the value
		}
	}
	return nil
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

func (s *settings) flags() *flag.FlagSet {
	f := flag.NewFlagSet("authcheck", flag.ContinueOnError)
	f.StringVar(&s.config, "config", "", "`file` with the AuthenticationConfiguration, in YAML or JSON; required")
	for _, i := range []struct {
		input
		usage string
	}{
		{input{flag: "token"}, "the `token`"},
		{input{flag: "token-file", file: true}, "`file` with the token"},
		{input{flag: "claims", claims: true}, "the claims of a token, a `JSON` object"},
		{input{flag: "claims-file", claims: true, file: true}, "`file` with the claims of a token"},
	} {
		f.Func(i.flag, i.usage, func(v string) error {
			s.input, s.inputs = i.input, s.inputs+1
			s.input.value = v
			return nil
		})
	}
	f.Func("now", "`time` of the check, such as 2026-01-02T15:04:05Z, instead of the machine's", s.keep("now", s.setNow))
	f.Func("disallowed-issuer", "`URL` that no entry of the configuration may have; may be repeated", s.keep("disallowed-issuer", s.disallow))
	f.Func("distributed-host", "`host`, besides the issuer's, that a token may name for its groups; may be repeated, * is every one", s.keep("distributed-host", s.addHost))
	f.Func("o", "`format` of the report: text, which it is without this flag, or json", s.keep("o", s.setOutput))
	f.BoolFunc("any-type", "take tokens of every \"typ\", as kube-apiserver does", s.keep("any-type", s.setAnyType))
	return f
}

// keep returns a function for a flag that keeps its error instead of returning it:
// package flag would put the value before it.
func (s *settings) keep(name string, set func(string) error) func(string) error {
	return func(v string) error {
		if err := set(v); err != nil && s.err == nil {
			s.err = fmt.Errorf("-%s: %w", name, err)
		}
		return nil
	}
}

func (s *settings) setNow(v string) error {
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return errors.New("not a time of RFC 3339, such as 2026-01-02T15:04:05Z")
	}
	s.now = t
	return nil
}

// disallow takes URLs alone, since the error of a configuration lists them.
func (s *settings) disallow(v string) error {
	if !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "http://") {
		return errors.New("not a URL with https")
	}
	s.disallowed = append(s.disallowed, v)
	return nil
}

// addHost takes what authconfig takes, whose error repeats what is none.
func (s *settings) addHost(v string) error {
	if u, err := url.Parse("https://" + v); v != "*" && (err != nil || u.Host != v || u.Hostname() == "") {
		return errors.New("not a host, with or without a port")
	}
	s.hosts = append(s.hosts, v)
	return nil
}

func (s *settings) setOutput(v string) error {
	if v != "text" && v != "json" {
		return errors.New("neither text nor json")
	}
	s.json = v == "json"
	return nil
}

func (s *settings) setAnyType(v string) error {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return errors.New("neither true nor false")
	}
	s.anyType = b
	return nil
}
