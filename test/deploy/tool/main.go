// What the engine itself is made of reads the files for containers, so that tests need no engine:
//
//	compose FILE... [--profile NAME]...   the project as Docker Compose loads it, as JSON; variables come from the environment
//	dockerfile FILE                       the stages and their instructions, as BuildKit parses them, as JSON
//	context FOLDER                        the files that .dockerignore lets into a build, one a line
//	dashboard FILE                        nothing where Grafana knows every field of the dashboard
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: compose|dockerfile|context|dashboard FILE"))
	}
	commands := map[string]func([]string) error{
		"compose": compose, "dockerfile": dockerfile, "context": buildContext, "dashboard": readDashboard,
	}
	command, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no such command: %s", os.Args[1]))
	}
	if err := command(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func compose(args []string) error {
	var files, profiles []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--profile" && i+1 < len(args) {
			i++
			profiles = append(profiles, args[i])
		} else {
			files = append(files, args[i])
		}
	}
	options, err := cli.NewProjectOptions(files, cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv, cli.WithProfiles(profiles))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

type stage struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	Steps []step `json:"steps"`
}

type step struct {
	Kind    string            `json:"kind"`
	Text    string            `json:"text"`
	Command []string          `json:"command,omitempty"`
	Shell   bool              `json:"shell,omitempty"`
	Sources []string          `json:"sources,omitempty"`
	Target  string            `json:"target,omitempty"`
	From    string            `json:"from,omitempty"`
	Chown   string            `json:"chown,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
}

func dockerfile(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return err
	}
	all := make([]stage, 0, len(stages))
	for _, one := range stages {
		steps := make([]step, 0, len(one.Commands))
		for _, command := range one.Commands {
			said, err := stepOf(command)
			if err != nil {
				return err
			}
			steps = append(steps, said)
		}
		all = append(all, stage{Name: one.Name, From: one.BaseName, Steps: steps})
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func stepOf(command instructions.Command) (step, error) {
	said := step{Kind: strings.ToLower(command.Name()), Text: fmt.Sprint(command)}
	switch one := command.(type) {
	case *instructions.RunCommand:
		said.Command, said.Shell = one.CmdLine, one.PrependShell
	case *instructions.CmdCommand:
		said.Command, said.Shell = one.CmdLine, one.PrependShell
	case *instructions.EntrypointCommand:
		said.Command, said.Shell = one.CmdLine, one.PrependShell
	case *instructions.HealthCheckCommand:
		said.Command = one.Health.Test
	case *instructions.CopyCommand:
		said.Sources, said.Target, said.From, said.Chown = one.SourcePaths, one.DestPath, one.From, one.Chown
	case *instructions.WorkdirCommand:
		said.Target = one.Path
	case *instructions.UserCommand:
		said.Target = one.User
	case *instructions.ExposeCommand:
		said.Sources = one.Ports
	case *instructions.EnvCommand:
		said.Values = map[string]string{}
		for _, pair := range one.Env {
			said.Values[pair.Key] = pair.Value
		}
	default:
		return said, fmt.Errorf("the tests do not know %s yet", command.Name())
	}
	return said, nil
}

func buildContext(args []string) error {
	root := args[0]
	file, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || name == "." {
			return err
		}
		// Too many to look at, and no pattern lets them in, which is said before.
		if entry.IsDir() && (entry.Name() == "node_modules" || name == ".git") {
			ignored, err := matcher.MatchesOrParentMatches(name)
			if err == nil && !ignored {
				err = fmt.Errorf("%s comes into the build", name)
			}
			if err != nil {
				return err
			}
			return filepath.SkipDir
		}
		ignored, err := matcher.MatchesOrParentMatches(name)
		if err == nil && !ignored && !entry.IsDir() {
			fmt.Println(name)
		}
		return err
	})
}

func readDashboard(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	// So that the queries and the options of panels are read, too.
	plugins.RegisterDefaultPlugins()
	var board dashboard.Dashboard
	// It returns a list, which is empty where all is well.
	if err := board.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return err
	}
	return board.Validate()
}
